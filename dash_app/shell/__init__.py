"""The frame around every page: header, navigation, content, and what keeps them in step with the address."""
