typedef int ipseci_esp_placeholder; /* replaced by the layer */
