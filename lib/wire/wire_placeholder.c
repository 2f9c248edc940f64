typedef int ipseci_wire_placeholder; /* replaced by the layer */
