/** Counters and latencies for {@code /stats}, and all their names. Uses no other package of the core. */
package io.zygotes.core.statistics;
