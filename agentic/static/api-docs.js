// The API reference: Swagger UI over the OpenAPI document that the page names.
SwaggerUIBundle({
  url: document.getElementById("api").dataset.openapi,
  domNode: document.getElementById("api"),
  deepLinking: true,
  validatorUrl: null,
});
