‚%
#
oEtc/UTC
d"	
Etc/UTC