//! OCPI in and out: wire types, server, client, partners and their dialects.
