//! The utility's gRPC interface: proto, conversion, server and client.
