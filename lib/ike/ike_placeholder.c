typedef int ipseci_ike_placeholder; /* replaced by the layer */
