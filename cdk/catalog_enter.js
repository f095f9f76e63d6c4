// A link that somebody signed becomes cookies, and the browser goes to the catalog.
//
// Nothing is checked here but the form: CloudFront checks the signature, at every file.
var COOKIES = {
  Policy: 'CloudFront-Policy',
  Signature: 'CloudFront-Signature',
  'Key-Pair-Id': 'CloudFront-Key-Pair-Id',
};
var FORM = /^[A-Za-z0-9_~-]{1,2048}$/;

function handler(event) {
  var query = event.request.querystring;
  var cookies = {};
  for (var name in COOKIES) {
    // CloudFront knows links by these names; `x-` keeps them from it on the way here.
    var given = query['x-' + name];
    if (!given || !FORM.test(given.value)) {
      return answer(400, 'Bad Request', {});
    }
    cookies[COOKIES[name]] = {
      value: given.value,
      attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax',
    };
  }
  var found = answer(302, 'Found', cookies);
  found.headers.location = { value: '/' };
  return found;
}

function answer(status, description, cookies) {
  return {
    statusCode: status,
    statusDescription: description,
    headers: {
      'cache-control': { value: 'no-store' },
      'referrer-policy': { value: 'no-referrer' },
    },
    cookies: cookies,
  };
}
