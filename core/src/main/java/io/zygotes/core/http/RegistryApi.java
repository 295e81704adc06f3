package io.zygotes.core.http;

import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.registry.LambdaDescription;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaUploads;
import io.zygotes.core.registry.RegistryException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What is behind {@code /registry}, with OpenLambda's paths, states and texts: who asks is told what there is, and
 * administrators change it. Safe for use by many threads.
 */
public final class RegistryApi {

    private static final Logger LOG = System.getLogger(RegistryApi.class.getName());
    private static final String CONFIG = "/config";

    private final LambdaRegistry registry;
    private final LambdaUploads uploads;
    private final UploadFolder folder;
    private final Administrators administrators;
    private final Runnable changed;
    private final FailureAnswers failures = new FailureAnswers(LOG);

    /**
     * @param registry knows the lambdas
     * @param uploads changes them
     * @param folder for what is uploaded
     * @param administrators who may change them
     * @param changed called when a lambda was put there: returns at once
     */
    public RegistryApi(
            LambdaRegistry registry,
            LambdaUploads uploads,
            UploadFolder folder,
            Administrators administrators,
            Runnable changed) {
        this.registry = registry;
        this.uploads = uploads;
        this.folder = folder;
        this.administrators = administrators;
        this.changed = changed;
    }

    /**
     * Answers a request.
     *
     * @param rest its path behind {@code /registry}
     */
    HttpAnswer answer(HttpQuestion question, String rest) {
        String below = rest.startsWith("/") ? rest.substring(1) : rest;
        if (below.isEmpty()) {
            return isGet(question) ? names() : notAllowed(question, "GET, HEAD");
        }
        boolean config = below.endsWith(CONFIG) && below.indexOf('/') == below.length() - CONFIG.length();
        if (below.indexOf('/') >= 0 && !config) {
            return HttpAnswer.error(
                    404,
                    "there is nothing at /registry" + rest + "; there are /registry, /registry/NAME and"
                            + " /registry/NAME/config",
                    HttpAnswer.PLAIN);
        }
        String name = LambdaCalls.decoded(config ? below.substring(0, below.length() - CONFIG.length()) : below);
        if (isGet(question)) {
            return describe(name, config);
        }
        return switch (question.method()) {
            case String _ when config -> notAllowed(question, "GET, HEAD");
            case "POST" -> administrators.refusal(question).orElseGet(() -> install(question, name));
            case "DELETE" -> administrators.refusal(question).orElseGet(() -> remove(name));
            default -> notAllowed(question, "DELETE, GET, HEAD, POST");
        };
    }

    private static boolean isGet(HttpQuestion question) {
        // The server leaves out the body of an answer to HEAD.
        return question.method().equals("GET") || question.method().equals("HEAD");
    }

    private static HttpAnswer notAllowed(HttpQuestion question, String allowed) {
        return HttpAnswer.error(405, question.path() + " takes " + allowed + " only", Map.of("Allow", allowed));
    }

    private HttpAnswer names() {
        try {
            return HttpAnswer.json(registry.store().names());
        } catch (IOException e) {
            LOG.log(Level.ERROR, "cannot list the registry " + registry.store().folder(), e);
            return HttpAnswer.error(500, "cannot list the registry: " + e.getMessage(), HttpAnswer.PLAIN);
        }
    }

    private HttpAnswer describe(String name, boolean config) {
        try {
            LambdaCode code = registry.lookup(name);
            return HttpAnswer.json(config ? LambdaDescription.openLambdaConfig(code) : LambdaDescription.of(code));
        } catch (RegistryException | IOException e) {
            return failures.toCall(name, e);
        }
    }

    private HttpAnswer install(HttpQuestion question, String name) {
        try {
            HttpAnswer unread = folder.receive(question, file -> uploads.install(name, file));
            if (unread != null) {
                return unread;
            }
            changed.run();
            LOG.log(Level.INFO, "lambda " + name + " was uploaded");
            return done(201, "Lambda " + name + " uploaded successfully");
        } catch (RegistryException e) {
            // Whoever sent it can mend it, whatever it is.
            return HttpAnswer.error(400, e.getMessage(), HttpAnswer.CLOSE);
        } catch (IOException e) {
            return failures.toCall(name, e);
        }
    }

    private HttpAnswer remove(String name) {
        try {
            if (!uploads.remove(name)) {
                return HttpAnswer.error(404, "there is no lambda '" + name + "'", HttpAnswer.PLAIN);
            }
            LOG.log(Level.INFO, "lambda " + name + " was removed");
            return done(200, "Lambda " + name + " deleted successfully");
        } catch (RegistryException | IOException e) {
            return failures.toCall(name, e);
        }
    }

    private static HttpAnswer done(int status, String text) {
        byte[] body = (text + "\n").getBytes(StandardCharsets.UTF_8);
        return new HttpAnswer(status, HttpAnswer.TEXT, HttpAnswer.PLAIN, body);
    }
}
