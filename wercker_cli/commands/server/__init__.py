"""wercker server"""
