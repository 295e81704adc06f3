package io.zygotes.core.aws;

import io.zygotes.core.aws.FunctionRecord.Alias;
import java.util.Map;
import java.util.Objects;
import java.util.function.DoubleSupplier;

/** Which lambda of the registry serves a function as it is named. Safe for use by many threads. */
final class Qualifiers {

    private final FunctionRecords records;
    private final Arns arns;
    private final DoubleSupplier chance;

    /** @param chance numbers from 0 to 1, by which aliases with weights choose */
    Qualifiers(FunctionRecords records, Arns arns, DoubleSupplier chance) {
        this.records = records;
        this.arns = arns;
        this.chance = chance;
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

    /** @throws AwsException if there is no such version or alias; whether there is such a function is not looked at */
    Target target(FunctionName name) throws AwsException {
        if (name.latest()) {
            return new Target(name.name(), FunctionName.LATEST);
        }
        String qualifier = name.qualifier().get();
        FunctionRecord record = records.of(name.name());
        Alias alias = record.aliases().get(qualifier);
        String version = alias == null ? qualifier : chosen(alias);
        if (version.equals(FunctionName.LATEST)) {
            return new Target(name.name(), version);
        }
        if (!isNumber(version) || !record.versions().containsKey(Integer.valueOf(version))) {
            throw AwsException.noFunction(arns.of(name));
        }
        return new Target(FunctionDirectory.lambdaOf(name.name(), Integer.parseInt(version)), version);
    }

    static boolean isNumber(String version) {
        return version.matches("[1-9][0-9]{0,8}");
    }

    private String chosen(Alias alias) {
        double at = alias.weights().isEmpty() ? 1 : chance.getAsDouble();
        for (Map.Entry<String, Double> other : alias.weights().entrySet()) {
            at -= other.getValue();
            if (at < 0) {
                return other.getKey();
            }
        }
        return alias.version();
    }
}
