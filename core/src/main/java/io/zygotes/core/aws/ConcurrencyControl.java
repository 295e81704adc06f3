package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.function.ReservedConcurrency;
import java.util.Optional;

/** How many calls a function may have at once. */
final class ConcurrencyControl {

    private static final String MEMBER = "ReservedConcurrentExecutions";
    private static final int MOST = 1_000_000;

    private final FunctionDirectory directory;
    private final FunctionRecords records;
    private final FunctionCode code;
    private final ReservedConcurrency limits;

    ConcurrencyControl(
            FunctionDirectory directory, FunctionRecords records, FunctionCode code, ReservedConcurrency limits) {
        this.directory = directory;
        this.records = records;
        this.code = code;
        this.limits = limits;
    }

    /** What was written down holds from now on. */
    void begin() {
        records.all().forEach((function, record) -> limits.set(function, record.reserved()));
    }

    private String function(String named) throws AwsException {
        FunctionName name = FunctionName.parse(named, Optional.empty());
        if (name.qualifier().isPresent()) {
            throw AwsException.parameter("Concurrency is a function's, not that of a version or an alias");
        }
        directory.require(name.name());
        return name.name();
    }

    /** {@code PutFunctionConcurrency}. */
    AwsAnswer put(AwsRequest request, String named) throws AwsException {
        String function = function(named);
        Input input = Input.of(request);
        Optional<Integer> most = input.number(MEMBER, 0, MOST);
        if (most.isEmpty()) {
            throw AwsException.parameter(MEMBER + " must be there");
        }
        keep(function, most);
        return AwsAnswer.json(200, Json.object().put(MEMBER, most.get()));
    }

    private void keep(String function, Optional<Integer> most) throws AwsException {
        code.keep(function, records.of(function).withReserved(most));
        limits.set(function, most);
    }

    /** {@code GetFunctionConcurrency}. */
    AwsAnswer get(String named) throws AwsException {
        ObjectNode answer = Json.object();
        records.of(function(named)).reserved().ifPresent(most -> answer.put(MEMBER, most));
        return AwsAnswer.json(200, answer);
    }

    /** {@code DeleteFunctionConcurrency}. */
    AwsAnswer delete(String named) throws AwsException {
        keep(function(named), Optional.empty());
        return AwsAnswer.empty(204);
    }

    /** A function is gone: one of the same name that comes later has no bound. */
    void forget(String function) {
        limits.set(function, Optional.empty());
    }
}
