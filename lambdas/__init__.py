"""The functions of a deployed store: thin handlers over the SDK, one folder each."""
