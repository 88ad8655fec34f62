"""Many reports in one run: what is to be made, who makes it, what became of each, and one page over all of them."""
