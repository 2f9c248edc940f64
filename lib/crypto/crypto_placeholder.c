typedef int ipseci_crypto_placeholder; /* replaced by the layer */
