"""wercker context"""
