"""What the city is: demand, solar and vehicles at network nodes, the nightly job, its indicators and report."""
