/** Counters and latencies for {@code /stats}. */
package io.zygotes.core.statistics;
