"""wercker server token"""
