"""wercker pipelines"""
