"""OData as Dataverse speaks it: read a query, run it over the schema, render rows, take records in."""
