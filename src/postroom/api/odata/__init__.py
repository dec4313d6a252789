"""OData as Dataverse speaks it: queries read and run, rows rendered, records taken in."""
