"""One module a claim: `python -m benchmarks NAME` runs us and the rival side by side and prints one line a claim."""
