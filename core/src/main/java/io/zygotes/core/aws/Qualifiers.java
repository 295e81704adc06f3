package io.zygotes.core.aws;

import java.util.Objects;

/** Which lambda of the registry serves a function as it is named. */
final class Qualifiers {

    private final Arns arns;

    Qualifiers(Arns arns) {
        this.arns = arns;
    }

    /**
     * @param lambda a lambda of the registry
     * @param version the version that it is: a number, or {@code $LATEST}
     */
    record Target(String lambda, String version) {

        Target {
            Objects.requireNonNull(lambda);
            Objects.requireNonNull(version);
        }
    }

    /** @throws AwsException if there is no such version or alias */
    Target target(FunctionName name) throws AwsException {
        if (!name.latest()) {
            throw AwsException.noFunction(arns.of(name));
        }
        return new Target(name.name(), FunctionName.LATEST);
    }
}
