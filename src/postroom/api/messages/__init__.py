"""Messages: the actions and functions of the Web API, Dataverse's and Postroom's own."""
