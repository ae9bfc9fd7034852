"""What pages say: answers, sentences and tables as pure functions of the data, tested without a browser."""
