"""The fault campaign: real kiosk and central, bad line, bad printer, sudden deaths; an oracle compares what is left."""
