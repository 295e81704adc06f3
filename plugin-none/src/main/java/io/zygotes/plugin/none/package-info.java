/** No import cache: every leaf is a fresh Python process. What the others are measured against. */
package io.zygotes.plugin.none;
