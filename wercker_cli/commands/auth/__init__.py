"""wercker auth"""
