// Paths are relative, so that the page also works behind a proxy that adds a prefix.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  // Swagger's own validator is another host.
  validatorUrl: null,
});
