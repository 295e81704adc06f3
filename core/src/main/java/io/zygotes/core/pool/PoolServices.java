package io.zygotes.core.pool;

import io.zygotes.spi.mechanism.SandboxMechanism;

/**
 * What each sandbox needs of its pool.
 *
 * @param memory where its memory is reserved
 * @param mechanism made it, and changes its limits
 * @param living where it stands as long as it lives, and who hears of it
 * @param freezer freezes leaves at rest
 * @param housekeeping what can wait
 */
record PoolServices(
        Reservations memory,
        SandboxMechanism mechanism,
        LivingSandboxes living,
        Freezer freezer,
        Housekeeping housekeeping) {}
