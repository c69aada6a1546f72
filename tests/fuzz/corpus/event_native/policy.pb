ú


p"low