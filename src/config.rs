//! starmart.yaml.
