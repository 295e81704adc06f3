/**
 * The memory pool: sandboxes that are counted, evicted when memory is short, and checked against the safety rule.
 *
 * <p>{@link io.zygotes.core.pool.SandboxPool} is its face. Behind it, {@code SandboxMaker} makes leaves and zygotes,
 * {@code JobRunner} runs jobs, {@code Freezer}, {@code Spares} and {@code Housekeeping} work behind the back of the
 * requests. {@code Reservations} is the memory: {@code MemoryLedger} has the books, {@code WaitingLine} those who find
 * none. {@link io.zygotes.core.pool.PendingRequest} is what a request carries through all of that.
 *
 * <p>May use the SPI and {@code threads}, and nothing else of the worker.
 */
package io.zygotes.core.pool;
