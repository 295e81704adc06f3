package io.zygotes.core.aws;

import io.zygotes.core.function.Answer;
import io.zygotes.core.function.OverloadException;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;

/** Runs lambdas: what the AWS API needs of {@code Functions}. */
@FunctionalInterface
public interface FunctionCalls {

    /** As {@code Functions.invoke}. */
    Answer invoke(String lambda, Invocation invocation)
            throws RegistryException, PackageException, OverloadException, SandboxException, IOException,
                    InterruptedException;
}
