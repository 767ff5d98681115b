"""The phone desk: whoever answers the phone books, changes and cancels for a caller.

One screen, keyboard first, for dispatchers who are signed in. What is known of a caller is what the
store still holds under their number; who took a call is not kept, only that a ride came by phone.
"""
