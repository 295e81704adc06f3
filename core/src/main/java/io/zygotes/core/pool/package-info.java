/** The memory pool: sandboxes that are counted, evicted when memory is short, and checked against the safety rule. */
package io.zygotes.core.pool;
