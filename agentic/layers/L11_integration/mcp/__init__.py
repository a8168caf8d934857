"""What clients of the Model Context Protocol are offered, over their pipes and over HTTP. It only uses the layers below."""
