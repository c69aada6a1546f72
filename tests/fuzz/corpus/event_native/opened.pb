
defaulte1
sg 0"Πα•Νΐ–±2
ar:T-1Ά
acmehighZxb
nv