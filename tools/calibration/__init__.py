"""What calibrate_rules.py is made of: the data, ways of breaking a text, learning."""
