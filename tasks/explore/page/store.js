// The pictures that this browser has brought, kept in it: a server that was restarted gets them again.

const MOST = 40;

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("neocog-explore", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("pictures");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Keeps a picture under its name; the oldest go. Without storage, as in private windows, nothing. */
export async function keep(name, blob) {
  try {
    const database = await opened();
    const store = database.transaction("pictures", "readwrite").objectStore("pictures");
    await result(store.put({ blob, at: Date.now() }, name));
    const names = await result(store.getAllKeys());
    if (names.length > MOST) {
      const all = await result(store.getAll());
      const byAge = names.map((one, i) => [all[i].at, one]).sort((a, b) => a[0] - b[0]);
      for (const [, one] of byAge.slice(0, names.length - MOST)) store.delete(one);
    }
    database.close();
  } catch {
    // The page works without.
  }
}

/** A picture that was kept; `undefined` if there is none. */
export async function kept(name) {
  try {
    const database = await opened();
    const store = database.transaction("pictures").objectStore("pictures");
    const found = await result(store.get(name));
    database.close();
    return found?.blob;
  } catch {
    return undefined;
  }
}
