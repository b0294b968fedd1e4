// Every page that `make screens` takes pictures of. `person` is who looks at it;
// without one, a visitor does.
export interface Screen {
  name: string;
  path: string;
  person?: string;
}

export const screens: Screen[] = [
  { name: 'landing', path: '/' },
  { name: 'design', path: '/design' },
];
