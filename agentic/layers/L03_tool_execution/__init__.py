"""L03, tool execution: every call of a tool is checked, limited, approved where asked, reserved, carried out and recorded."""
