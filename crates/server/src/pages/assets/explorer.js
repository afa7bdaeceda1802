// Shows the document of this server, and asks nobody else about anything.
"use strict";

SwaggerUIBundle({
  url: "v1/openapi.json",
  domNode: document.getElementById("explorer"),
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  persistAuthorization: false,
  queryConfigEnabled: false,
  tryItOutEnabled: true,
  validatorUrl: null,
  withCredentials: false,
});
