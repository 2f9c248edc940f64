typedef int ipseci_gw_placeholder; /* replaced by the layer */
