"""wercker runs"""
