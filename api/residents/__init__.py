"""The pages of residents: plain forms that work without script, cookie or account.

What a page needs to know travels in its forms. Nothing personal stands in an address, so it is in
no log and no history; whatever tells or changes something of a person is therefore a POST.
"""
