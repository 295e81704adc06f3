package io.zygotes.core.http;

import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Who may change what a worker serves: whoever comes over the private socket of the worker directory, and over HTTP who
 * has the token, if there is one. Lambdas never may: they do not reach this. Safe for use by many threads.
 */
public final class Administrators {

    private static final Logger LOG = System.getLogger(Administrators.class.getName());
    private static final String SCHEME = "Bearer ";
    /** Nobody is let in, and the rest of the request is not read. */
    private static final Map<String, String> CHALLENGE =
            Map.of("WWW-Authenticate", "Bearer realm=\"zygotes\"", "Connection", "close");

    private final Optional<AdminToken> token;

    /** @param tokenFile the file with the token; empty if nobody may over HTTP */
    public Administrators(Optional<Path> tokenFile) {
        this.token = tokenFile.map(AdminToken::new);
    }

    /**
     * Checks that the token can be used, if there is one.
     *
     * @throws ConfigException if it cannot; says what to do
     */
    public void require() throws ConfigException {
        if (token.isPresent()) {
            token.get().require();
        }
    }

    /**
     * What is answered to somebody who may not.
     *
     * @return empty if they may
     */
    Optional<HttpAnswer> refusal(HttpQuestion question) {
        if (question.sender() == HttpQuestion.Sender.OWNER) {
            return Optional.empty();
        }
        if (question.sender() == HttpQuestion.Sender.LAMBDA) {
            return Optional.of(HttpAnswer.error(
                    403, "lambdas may not change what a worker serves, not even with a token", HttpAnswer.CLOSE));
        }
        if (token.isEmpty()) {
            return Optional.of(HttpAnswer.error(
                    403,
                    "nobody may change what this worker serves over HTTP. Allow it with \"admin\": {\"token_file\":"
                            + " \"FILE\"} in config.json, where FILE holds a token and has mode 600, and send"
                            + " 'Authorization: Bearer TOKEN'; or use control.sock in the worker directory, or"
                            + " 'zygotes admin'",
                    HttpAnswer.CLOSE));
        }
        String sent = question.header("authorization");
        if (!sent.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return Optional.of(HttpAnswer.error(
                    401, "this takes an administrator: send 'Authorization: Bearer TOKEN'", CHALLENGE));
        }
        try {
            return token.get().is(sent.substring(SCHEME.length()).strip())
                    ? Optional.empty()
                    : Optional.of(HttpAnswer.error(401, "that is not the administrator's token", CHALLENGE));
        } catch (IOException e) {
            LOG.log(Level.ERROR, "nobody can be let in: admin.token_file of config.json " + e.getMessage(), e);
            return Optional.of(HttpAnswer.error(
                    503, "the token cannot be checked now; the worker's log has the reason", HttpAnswer.CLOSE));
        }
    }
}
