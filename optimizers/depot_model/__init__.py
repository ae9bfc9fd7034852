"""The compact model of one depot in Pyomo, one file a subject; `compose.build_depot_model` puts the parts together."""
