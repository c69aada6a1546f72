eª
acmeg"
t1h