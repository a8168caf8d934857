"""The yardstick "reference": the data layer's agents as a competent engineer would write them in a day."""
