package io.zygotes.core.pool;

import io.zygotes.spi.FunctionZygoteRequest;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.Sandboxes;

/**
 * A function that is to have a zygote of its own, as an import cache sees it.
 *
 * @param spec what the zygote must be
 * @param sandboxes the pool on behalf of nobody's call
 */
record FunctionRequest(FunctionZygoteSpec spec, Sandboxes sandboxes) implements FunctionZygoteRequest {}
